"""The feature spec: what to encode, how, and with which weight; nothing here uses a database."""
