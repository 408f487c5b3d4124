"""Every change that other users can see: one plain function per verb, with the actor first.

An action locks the room, checks that the actor may do it, makes the change, records the event and
returns. Actions raise `PermissionDenied`, `ObjectDoesNotExist` and `ValidationError`; each entry
point translates these in one place.
"""
