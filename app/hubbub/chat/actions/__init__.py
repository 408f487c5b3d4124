"""Every change that other users can see: one function per verb, which takes the actor first.

An action locks the room, checks that the actor is allowed to make the change, makes it and records
the event. Actions raise `PermissionDenied`, `ObjectDoesNotExist` and `ValidationError`; each entry
point translates these in one place.
"""
