// Prints what Go's archive/tar reads of each file given: a line "== FILE", then for each regular member "NAME<tab>SIZE<tab>CRC32",
// "error" where it fails, and "large" at a member of more than 16 MiB, where it stops.
package main

import (
	"archive/tar"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

func list(path string) {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	fmt.Printf("== %s\n", path)
	reader := tar.NewReader(file)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Println("error")
			return
		}
		if header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeRegA && header.Typeflag != tar.TypeCont {
			continue
		}
		if header.Size > 16<<20 {
			fmt.Println("large")
			return
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			fmt.Println("error")
			return
		}
		fmt.Printf("%q\t%d\t%d\n", header.Name, len(content), crc32.ChecksumIEEE(content))
	}
}

func main() {
	for _, path := range os.Args[1:] {
		list(path)
	}
}
