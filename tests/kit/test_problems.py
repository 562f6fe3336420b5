"""OpenAPI says how everything goes wrong."""

from modelyard.apps.server import create_api


def test_every_operation_tells_of_its_problems() -> None:
    document = create_api().openapi()
    operations = [o for path in document["paths"].values() for o in path.values()]
    assert len(operations) > 40
    for operation in operations:
        assert {"4XX", "503", "507"} <= operation["responses"].keys(), operation["operationId"]
        assert "422" not in operation["responses"]
        content = operation["responses"]["4XX"]["content"]
        assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    schemas = document["components"]["schemas"]
    assert {"title", "status", "detail", "code"} <= set(schemas["Problem"]["required"])
    assert "FieldProblem" in schemas
    assert "HTTPValidationError" not in schemas
