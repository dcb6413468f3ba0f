"""What issue and language promise, tried from the outside: whole programs on ``liq.reference`` and on PostgreSQL."""
