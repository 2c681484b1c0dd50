"""What printing costs, who bears it, and how long the jobs of the licences last."""
