"""What is built once and kept outside of the tree."""
