"""liq: a query language whose compiled plans can be inspected and proved before anything runs."""
