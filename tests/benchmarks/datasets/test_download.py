"""Downloads from a server on this machine: resumed, checked, never half there."""

import errno
import hashlib
import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from avalanche.benchmarks.datasets import download
from avalanche.benchmarks.datasets.download import (
    DownloadError,
    download_file,
    file_checksum,
    has_checksum,
)

CONTENT = bytes(range(256)) * 900
MD5 = hashlib.md5(CONTENT).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class _Site:
    """What the server has and does, and what it was asked."""

    def __init__(self):
        self.content = CONTENT
        self.tag = '"version 1"'
        self.ranges = True
        self.cut_after = None  # bytes after which the connection breaks, once
        self.cut_always = None  # the same, every time
        self.pause = 0.0  # seconds before an answer
        self.asked = []


@contextmanager
def serve(site):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            site.asked.append(wanted)
            time.sleep(site.pause)
            if self.path == "/gone":
                self.send_error(404)
                return
            start, total = 0, len(site.content)
            current = self.headers.get("If-Range") in (None, site.tag)
            if wanted and site.ranges and current:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= total:
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{total}")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            else:
                self.send_response(200)
            if site.tag:
                self.send_header("ETag", site.tag)
            self.send_header("Content-Length", str(total - start))
            self.end_headers()
            body = site.content[start:]
            if site.cut_after is not None:
                body, site.cut_after = body[: site.cut_after], None
            self.wfile.write(body[: site.cut_always])

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/data.bin"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("checksum", [None, MD5, SHA256, MD5.upper()])
def test_a_file_is_fetched_whole_and_nothing_else_is_left(tmp_path, checksum):
    site = _Site()
    with serve(site) as url:
        path = download_file(url, tmp_path / "deep" / "data.bin", checksum)
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["data.bin"]
    assert site.asked == [None]


def test_a_file_that_is_there_is_not_fetched_again(tmp_path, no_network):
    (tmp_path / "data.bin").write_bytes(CONTENT)
    assert download_file("http://127.0.0.1/x", tmp_path / "data.bin", MD5).name == "data.bin"


def test_a_file_wanted_by_several_is_fetched_once(tmp_path):
    site = _Site()
    site.pause = 0.2
    with serve(site) as url, ThreadPoolExecutor(4) as workers:
        calls = [workers.submit(download_file, url, tmp_path / "data.bin") for _ in range(4)]
        assert {call.result().read_bytes() for call in calls} == {CONTENT}
    assert site.asked == [None]


def test_a_damaged_file_that_is_there_is_named_and_left_alone(tmp_path, no_network):
    path = tmp_path / "data.bin"
    path.write_bytes(b"other")
    with pytest.raises(ValueError, match=rf"data.bin: checksum \w+, expected {MD5}; .*delete it"):
        download_file("http://127.0.0.1/x", path, MD5)
    assert path.read_bytes() == b"other"


def test_a_partial_file_is_resumed(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:1000])
    site = _Site()
    with serve(site) as url:
        download_file(url, tmp_path / "data.bin", MD5)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert site.asked == ["bytes=1000-"]


def test_a_connection_that_breaks_is_taken_up_where_it_broke(tmp_path):
    site = _Site()
    site.cut_after = 70_000
    with serve(site) as url:
        download_file(url, tmp_path / "data.bin")  # no checksum: the server's tag says enough
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert site.asked == [None, "bytes=70000-"]


def test_without_tag_and_checksum_a_partial_file_is_not_trusted(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(b"of another file")
    site = _Site()
    with serve(site) as url:
        download_file(url, tmp_path / "data.bin")
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert site.asked == [None]


def test_a_file_that_has_changed_on_the_server_is_fetched_anew(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(b"old" * 10)
    (tmp_path / "data.bin.tag").write_text('"version 0"')
    with serve(_Site()) as url:
        download_file(url, tmp_path / "data.bin")
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert [p.name for p in tmp_path.iterdir()] == ["data.bin"]


def test_a_partial_file_of_other_bytes_is_noticed_by_the_checksum(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(b"x" * 1000)
    site = _Site()
    with serve(site) as url:
        download_file(url, tmp_path / "data.bin", SHA256)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert site.asked == ["bytes=1000-", None]


@pytest.mark.parametrize("partial", [CONTENT, CONTENT + b"more"])
def test_a_partial_file_without_a_rest_is_whole_or_wrong(tmp_path, partial):
    (tmp_path / "data.bin.part").write_bytes(partial)
    with serve(_Site()) as url:
        download_file(url, tmp_path / "data.bin", MD5)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges_sends_everything(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:1000])
    site = _Site()
    site.ranges = False
    with serve(site) as url:
        download_file(url, tmp_path / "data.bin", MD5)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing(tmp_path):
    with serve(_Site()) as url, pytest.raises(DownloadError, match=f"checksum {MD5}, expected 0"):
        download_file(url, tmp_path / "data.bin", "0" * 32)
    assert list(tmp_path.iterdir()) == []


def failed(match, url, path, checksum=None):
    with pytest.raises(DownloadError, match=match) as caught:
        download_file(url, path, checksum)
    assert "\n" not in str(caught.value)
    return sorted(p.name for p in path.parent.iterdir())


def test_a_wrong_checksum_is_said_with_what_to_do(tmp_path):
    match = "another file is there by now, or it was damaged: try again, or put the right one at"
    with serve(_Site()) as url:
        assert failed(match, url, tmp_path / "data.bin", "0" * 32) == []
        assert failed(match, [url, url], tmp_path / "data.bin", "0" * 32) == []


@pytest.mark.parametrize(("checksum", "tag"), [(MD5, None), (None, '"1"'), (MD5, '"1"')])
def test_a_server_that_breaks_off_leaves_a_beginning_that_is_named(tmp_path, checksum, tag):
    site = _Site()
    site.tag, site.ranges, site.cut_always = tag, False, 70_000
    path = tmp_path / "data.bin"
    match = (
        rf"data.bin can't be downloaded: .* failed \(the connection broke after 70000 of "
        rf"{len(CONTENT)} bytes\); 70000 bytes are kept in .*data\.bin\.part, the next try goes "
        r"on from there; connect to a network"
    )
    with serve(site) as url:
        left = failed(match, url, path, checksum)
        assert left == ["data.bin.part"] + ["data.bin.tag"] * (tag is not None)
        site.ranges, site.cut_always, site.asked = True, None, []
        assert download_file(url, path, checksum).read_bytes() == CONTENT
    assert site.asked == ["bytes=70000-"]
    assert [p.name for p in tmp_path.iterdir()] == ["data.bin"]


@pytest.mark.parametrize("cut", [0, 70_000])
def test_a_beginning_that_nothing_can_be_appended_to_is_not_left(tmp_path, cut):
    site = _Site()
    site.tag, site.cut_always = None, cut
    with serve(site) as url:
        match = r"the connection broke after \d+ of \d+ bytes\); connect to a network"
        assert failed(match, url, tmp_path / "data.bin") == []


@pytest.mark.parametrize("checksum", [None, MD5])
def test_a_full_disk_is_no_matter_of_the_network(tmp_path, monkeypatch, checksum):
    def full(response, file, received, total, advance):
        file.write(response.read(5000))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download, "_copy", full)
    site = _Site()
    path = tmp_path / "data.bin"
    match = (
        r"can't be written to \(No space left on device\); 5000 bytes are kept in .*\.part, the "
        "next try goes on from there; make room on that disk and try again$"
    )
    with serve(site) as url:
        assert failed(match, [url, url], path, checksum) == ["data.bin.part", "data.bin.tag"]
        assert site.asked == [None]  # no other mirror is asked
        monkeypatch.undo()
        assert download_file(url, path, checksum).read_bytes() == CONTENT


def test_a_full_disk_leaves_no_beginning_that_is_of_no_use(tmp_path, monkeypatch):
    def full(path, text, encoding):
        path.open("w").close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download.Path, "write_text", full)
    with serve(_Site()) as url:
        match = r"\(No space left on device\); make room on that disk and try again$"
        assert failed(match, url, tmp_path / "data.bin") == []


def test_a_file_in_the_place_of_the_folder_is_no_matter_of_the_network(tmp_path):
    (tmp_path / "here").write_text("a file")
    with serve(_Site()) as url, pytest.raises(DownloadError, match="choose another folder"):
        download_file(url, tmp_path / "here" / "data.bin")


def test_mirrors_are_tried_in_order_and_all_are_named(tmp_path):
    site = _Site()
    with serve(site) as url:
        gone = url.replace("data.bin", "gone")
        download_file([gone, url], tmp_path / "data.bin", MD5)
        with pytest.raises(DownloadError, match="gone failed .HTTP 404 Not Found.; .*gone failed"):
            download_file([gone, gone], tmp_path / "other.bin")


def test_offline_the_message_says_which_where_from_and_where_to(tmp_path, no_network):
    message = (
        r"^data.bin can't be downloaded: https://example.org/data.bin failed \(no network\); "
        r"connect to a network and try again, or put the file at .*data.bin by hand$"
    )
    with pytest.raises(DownloadError, match=message):
        download_file("https://example.org/data.bin", tmp_path / "here" / "data.bin")
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("url", ["ftp://example.org/x", "file:///etc/hosts", "x"])
def test_other_kinds_of_addresses_are_refused(tmp_path, url):
    with pytest.raises(ValueError, match="expected an http or https address"):
        download_file(url, tmp_path / "x")


@pytest.mark.parametrize("checksum", ["abc", "z" * 32])
def test_what_is_no_checksum_is_refused(tmp_path, checksum):
    with pytest.raises(ValueError, match=r"expected the hexadecimal digits .*md5 \(32\)"):
        download_file("http://127.0.0.1/x", tmp_path / "x", checksum)


def test_checksums_are_those_of_hashlib(tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(CONTENT)
    assert (file_checksum(path, MD5), file_checksum(path, SHA256)) == (MD5, SHA256)
    assert has_checksum(path, SHA256)
    assert not has_checksum(tmp_path / "none", SHA256)


def test_a_terminal_sees_a_progress_bar_and_a_log_does_not(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        with serve(_Site()) as url:
            download_file(url, tmp_path / f"{shown}.bin", MD5)
        assert ("bin" in stream.getvalue()) == shown
