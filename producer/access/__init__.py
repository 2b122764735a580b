"""Who may do what: tokens, signatures, and the principals that they stand for."""
