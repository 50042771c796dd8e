"""Files over HTTP from this machine: with ranges, connections that end early, and an eye on what is asked for."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers["Range"]))
        server.open.wait(20)
        if self.path not in server.files:
            return self.send_error(404)
        content = server.files[self.path]
        start = int(re.match(r"bytes=(\d+)-", self.headers["Range"] or "bytes=0-")[1])
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:][: server.cuts.pop(0) if server.cuts else None])

    def log_message(self, *arguments):
        pass


class FileServer(ThreadingHTTPServer):
    """files: path -> bytes. cuts: after how many bytes the next connections end. open: are requests answered at once?"""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cuts, self.asked, self.open = {}, [], [], threading.Event()
        self.open.set()
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=[0.01])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.thread.join()
        self.server_close()

    def serve(self, path, content):
        """Its address."""
        self.files[path] = content
        return self.address + path
