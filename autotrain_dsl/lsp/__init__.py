"""What an editor asks about a text while somebody types: answers without an editor, and the server that gives them."""
