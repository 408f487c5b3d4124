"""The chat of the Channels tutorial, with a row for each message: what Hubbub is compared with.

As the tutorial has it: a consumer for each socket in a group, one `group_send` for each message,
the core Redis layer. No sign-in, no membership, no limits: it checks nothing.
"""
