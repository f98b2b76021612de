"""What each operation answers: one small module for each resource of Flink's REST API, each from call to facts."""

from flinkmock.resources.call import REGISTRY, Call, FileContent, UploadedFile, resource

__all__ = ["REGISTRY", "Call", "FileContent", "UploadedFile", "resource"]
