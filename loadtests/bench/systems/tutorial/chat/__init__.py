"""The chat of the Channels tutorial, as a Django project of its own.

As the tutorial has it: a consumer for each socket in a group, one `group_send` for each message.
Two environment variables choose: CHANNEL_LAYER (core or pubsub) and SAVES_MESSAGES (a row each).
"""
