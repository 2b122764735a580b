"""Experiments that kill, starve and drown a real Runfolio, and count what is lost: nothing may be.

Every experiment starts processes of its own on free ports of the loopback interface, in a temporary folder, and ends
them again. Each is one function from a ``Lab`` to an ``Outcome``.
"""
