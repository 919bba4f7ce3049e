"""The rule book and the records: words, rules, orders, tables, and the one writer of state."""
