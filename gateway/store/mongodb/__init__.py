"""The store on MongoDB, or on whatever speaks its protocol: the ledger's ``Documents`` port over pymongo."""

from gateway.store.mongodb.client import mongo_documents
from gateway.store.mongodb.documents import MongoDocuments
from gateway.store.mongodb.store import MongoStore

__all__ = ["MongoDocuments", "MongoStore", "mongo_documents"]
