"""Serves S3 in memory, on a free port of the loopback address, which it prints. One request at a time: moto looks and writes in two steps, and conditions must decide."""

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app))
print(server.server_port, flush=True)
server.serve_forever()
