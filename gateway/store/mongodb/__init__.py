"""The document ledger's database: the ``Documents`` port on MongoDB, or on whatever speaks its protocol."""

from gateway.store.mongodb.client import mongo_documents
from gateway.store.mongodb.documents import MongoDocuments

__all__ = ["MongoDocuments", "mongo_documents"]
