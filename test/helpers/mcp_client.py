"""The official Python client, driven by lines of JSON on standard input: {"method": "tools"} or {"method": "call", "name", "args"}.

Environment: MCP_URL, MCP_KEY, MCP_MODE ("auto", "legacy" or a revision). The first line printed tells the server; then one per command.
"""

import asyncio
import json
import os
import sys

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


def say(value: object) -> None:
    print(json.dumps(value), flush=True)


async def answer(client: Client, command: dict) -> dict:
    if command["method"] == "tools":
        tools = (await client.list_tools()).tools
        return {"tools": [{"name": tool.name} for tool in tools]}
    result = await client.call_tool(command["name"], command["args"], meta=command.get("meta"))
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['MCP_KEY']}"}
    async with create_mcp_http_client(headers=headers) as http:
        transport = streamable_http_client(os.environ["MCP_URL"], http_client=http)
        async with Client(transport, mode=os.environ["MCP_MODE"]) as client:
            info = client.server_info
            say({"instructions": client.instructions, "server": {"name": info.name, "version": info.version}})
            while line := await asyncio.to_thread(sys.stdin.readline):
                say(await answer(client, json.loads(line)))


asyncio.run(main())
