"""What gateway and worker must agree on; the only part of ``producer`` that the worker imports."""
