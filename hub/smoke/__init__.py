"""The main job once, for real: from pictures to a drawn picture, through the public API."""
