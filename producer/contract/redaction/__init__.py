"""Redaction: secrets are masked wherever a record is shown. Values in, values out; nothing here does I/O.

``redactor.Redactor`` puts the parts together; ``producer.contract.shown`` is what everybody calls who shows a record.
"""
