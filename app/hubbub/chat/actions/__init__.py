"""Every change of what others see: plain functions, one verb each, actor first.

Each locks the room, ensures that the actor may, changes, records the event and returns. They raise
`PermissionDenied`, `ObjectDoesNotExist` and `ValidationError`, which each door translates once.
"""
