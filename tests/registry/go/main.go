// Reads a log as an independent client: go run main.go LOG_FOLDER VERIFIER_KEY OLDER_CHECKPOINT
//
// The checkpoint's note, every tile, every entry, inclusion of every entry, and consistency with an older checkpoint
// are checked by golang.org/x/mod alone.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type reader struct{ folder string }

func (r reader) Height() int { return 8 }

func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}

// Go writes tile/8/<level>/…, C2SP tlog-tiles tile/<level>/….
func path(tile tlog.Tile) string { return "tile/" + tile.Path()[len("tile/8/"):] }

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(r.folder, path(tile)))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func open(file string, verifiers note.Verifiers) tlog.Tree {
	data, err := os.ReadFile(file)
	must(err)
	opened, err := note.Open(data, verifiers)
	must(err)
	var origin, root string
	var tree tlog.Tree
	_, err = fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &tree.N, &root)
	must(err)
	tree.Hash, err = tlog.ParseHash(root)
	must(err)
	return tree
}

func main() {
	folder := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	must(err)
	verifiers := note.VerifierList(verifier)
	tree, older := open(filepath.Join(folder, "checkpoint"), verifiers), open(os.Args[3], verifiers)
	hashes := tlog.TileHashReader(tree, reader{folder})
	root, err := tlog.TreeHash(tree.N, hashes)
	must(err)
	if root != tree.Hash {
		must(fmt.Errorf("the tiles have another root"))
	}
	for first := int64(0); first < tree.N; first += 256 {
		tile := tlog.Tile{H: 8, L: -1, N: first / 256, W: 256}
		if tree.N-first < 256 {
			tile.W = int(tree.N - first)
		}
		// Go calls the level of entries "data", C2SP "entries"
		name := "tile/entries/" + tile.Path()[len("tile/8/data/"):]
		data, err := os.ReadFile(filepath.Join(folder, name))
		must(err)
		for index := first; index < first+int64(tile.W); index++ {
			size := int(binary.BigEndian.Uint16(data))
			entry := data[2 : 2+size]
			data = data[2+size:]
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			must(err)
			must(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)))
		}
		if len(data) != 0 {
			must(fmt.Errorf("%s holds more than its entries", name))
		}
	}
	proof, err := tlog.ProveTree(tree.N, older.N, hashes)
	must(err)
	must(tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash))
	fmt.Printf("%d entries included, consistent with %d\n", tree.N, older.N)
}
