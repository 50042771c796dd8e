"""Archives: what is in them lands in the folder, whole, and nothing can leave it."""

import gzip
import io
import tarfile
import zipfile

import pytest

from data.fetch.unpack import unpack


def tar(path, *members, mode="w:gz"):
    """members: (name, content) or a TarInfo."""
    with tarfile.open(path, mode) as archive:
        for member in members:
            if isinstance(member, tuple):
                member, content = tarfile.TarInfo(member[0]), member[1]
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            else:
                archive.addfile(member)
    return path


def zipped(path, *members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def link(name, target, kind=tarfile.SYMTYPE):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def device(name):
    member = tarfile.TarInfo(name)
    member.type, member.devmajor, member.devminor = tarfile.CHRTYPE, 1, 3
    return member


def inside(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def folder(tmp_path):
    """Where things are unpacked; its neighbour must stay as it is."""
    (tmp_path / "neighbour").mkdir()
    return tmp_path / "set"


@pytest.mark.parametrize("make, name", [(tar, "a.tgz"), (tar, "a.tar.gz"), (zipped, "a.zip")])
def test_members_land_in_the_folder(tmp_path, folder, make, name):
    unpack(make(tmp_path / name, ("images/cat/1.jpg", b"one"), ("list.txt", b"two")), folder)
    assert inside(folder) == ["images", "images/cat", "images/cat/1.jpg", "list.txt"]
    assert (folder / "images/cat/1.jpg").read_bytes() == b"one"


def test_a_gz_that_is_no_archive_becomes_the_file_it_holds(tmp_path, folder):
    (tmp_path / "x.h5.gz").write_bytes(gzip.compress(b"\x89HDF and so on"))
    unpack(tmp_path / "x.h5.gz", folder)
    assert inside(folder) == ["x.h5"] and (folder / "x.h5").read_bytes() == b"\x89HDF and so on"


def test_two_archives_with_one_folder_fill_it_together_and_again_changes_nothing(tmp_path, folder):
    """As KITTI's do."""
    images = zipped(tmp_path / "images.zip", ("training/image_2/0.png", b"image"))
    labels = zipped(tmp_path / "labels.zip", ("training/label_2/0.txt", b"label"))
    for archive in (images, labels, images):
        unpack(archive, folder)
    assert [name for name in inside(folder) if "." in name] == ["training/image_2/0.png", "training/label_2/0.txt"]


EVIL_TARS = [
    ("../neighbour/x", b"out"),
    ("images/../../neighbour/x", b"out"),
    link("images", "../neighbour"),
    link("images", "/etc"),
    link("passwords", "/etc/passwd", tarfile.LNKTYPE),
    link("images", "../neighbour/x", tarfile.LNKTYPE),
    device("null"),
]


@pytest.mark.parametrize("evil", EVIL_TARS, ids=range(len(EVIL_TARS)))
def test_a_tar_with_a_member_that_would_leave_the_folder_is_refused_whole(tmp_path, folder, evil):
    archive = tar(tmp_path / "evil.tar", ("good.txt", b"good"), evil, ("later.txt", b"later"), mode="w")
    with pytest.raises(ValueError, match=r"evil\.tar: [^\n]+; remove it and fetch it again$"):
        unpack(archive, folder)
    assert inside(folder) == [] and inside(tmp_path / "neighbour") == []


def test_an_absolute_name_in_a_tar_lands_in_the_folder(tmp_path, folder):
    """tarfile's own rule: the slash is taken away."""
    outside = tmp_path / "neighbour" / "x"
    unpack(tar(tmp_path / "a.tar", (str(outside), b"in"), mode="w"), folder)
    assert not outside.exists() and (folder / str(outside).lstrip("/")).read_bytes() == b"in"


def test_a_link_into_a_folder_made_by_a_link_does_not_lead_out(tmp_path, folder):
    """A link that is harmless by itself, and a file through it."""
    members = [link("a", "."), link("a/b", "../neighbour"), ("a/b/x", b"out")]
    with pytest.raises(ValueError, match=r"evil\.tar: "):
        unpack(tar(tmp_path / "evil.tar", *members, mode="w"), folder)
    assert inside(tmp_path / "neighbour") == []


@pytest.mark.parametrize("name", ["../neighbour/x", "/tmp/x", "images/../../neighbour/x", "..\\neighbour\\x", "C:\\x"])
def test_a_zip_with_a_member_that_would_leave_the_folder_is_refused_whole(tmp_path, folder, name):
    archive = zipped(tmp_path / "evil.zip", ("good.txt", b"good"), (name, b"out"))
    with pytest.raises(ValueError, match=r"evil\.zip: .* would leave the folder; nothing is unpacked$"):
        unpack(archive, folder)
    assert inside(folder) == [] and inside(tmp_path / "neighbour") == []


def test_a_link_in_a_zip_is_no_link_on_the_disk(tmp_path, folder):
    entry = zipfile.ZipInfo("images")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16  # what Unix zips write for a symbolic link
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr(entry, "../neighbour")
    unpack(tmp_path / "evil.zip", folder)
    assert not (folder / "images").is_symlink() and (folder / "images").read_text() == "../neighbour"


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip", "a.gz", "a.bin"])
@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_a_damaged_archive_is_one_line_and_leaves_nothing(tmp_path, folder, name, damage):
    path, content = tmp_path / name, bytes(range(256)) * 200
    make = {"a.zip": zipped, "a.tgz": tar, "a.tar": lambda path, one: tar(path, one, mode="w")}.get(name)
    make(path, ("images/1.jpg", content)) if make else path.write_bytes(gzip.compress(content))
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) * 2 // 3], "noise": b"\x07" * 999, "empty": b""}[damage])
    if name == "a.bin" and damage == "cut":
        path.write_bytes(b"neither")
    with pytest.raises(ValueError, match=r"^\S+a\.\w+: [^\n]+$"):
        unpack(path, folder)
    assert inside(folder) == []
