"""Rooms, the hub and the sockets: how everybody watching sees what changed."""
