"""The demo's recorded show: its storyboard, its film, and the two programs that draw and send it."""
