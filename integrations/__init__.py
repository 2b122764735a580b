"""What a user of an engine installs or pastes, a folder for each engine, and ``check``, which runs the engines."""
