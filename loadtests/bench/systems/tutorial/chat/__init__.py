"""The chat of the Channels tutorial, as a Django project of its own.

As in the tutorial, there is a consumer for each connection, and a `group_send` for each message.
Two environment variables choose the variant: `CHANNEL_LAYER` (core or pubsub) and `SAVES_MESSAGES`.
"""
