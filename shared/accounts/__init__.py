"""Print accounts: their sign-ins, their budgets, and the choice among them."""
