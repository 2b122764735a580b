"""The measurements that README quotes. Each prints its figures and exits non-zero where a promise is broken."""
