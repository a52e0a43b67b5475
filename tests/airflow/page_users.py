"""Who looks at the page of the session's Airflow, and at which space."""

LOOKED_AT = "looked_at"
STRANGER = "stranger"
"""May read every DAG but that of the space."""

USERS = f"admin:admin,viewer:viewer,editor:user,{STRANGER}:viewer"
LOOKUPS = 4
"""Of one user in an hour."""
