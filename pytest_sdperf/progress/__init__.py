"""What people see while a run works: steps and how long they take, and the line or lines that tell them."""
