package parquet

import "sync"

// maxSpare bounds the memory that is kept from readers that are done for those that come, in bytes.
const maxSpare = 32 << 20

// spare are the chunks of readers that are done: the memory in which they read and decompressed costs more to be had anew than a small
// file takes to be read.
var spare struct {
	sync.Mutex
	chunks []*chunk
	bytes  int
}

// spareChunks gives n chunks, in memory that was used before as far as there is some.
func spareChunks(n int) []*chunk {
	chunks := make([]*chunk, n)
	spare.Lock()
	defer spare.Unlock()
	for i := range chunks {
		last := len(spare.chunks) - 1
		if last < 0 {
			chunks[i] = new(chunk)
			continue
		}
		chunks[i] = spare.chunks[last]
		spare.chunks[last] = nil
		spare.chunks = spare.chunks[:last]
		spare.bytes -= chunks[i].memory()
	}
	return chunks
}

// keepChunks takes the chunks of a reader that is done, once.
func keepChunks(leaves []*entries) {
	spare.Lock()
	defer spare.Unlock()
	for _, e := range leaves {
		c := e.chunk
		if e.chunk = nil; c == nil {
			continue
		}
		c.file, c.leaf, c.meta, c.put = nil, nil, nil, nil
		if n := c.memory(); spare.bytes+n <= maxSpare {
			spare.chunks, spare.bytes = append(spare.chunks, c), spare.bytes+n
		}
	}
}

// memory is about how many bytes the chunk holds.
func (c *chunk) memory() int {
	return cap(c.window) + cap(c.page) + cap(c.dict.page) + 8*cap(c.dict.texts) + c.dict.values.MemorySize() +
		8*cap(c.values.memory) + cap(c.values.texts) + 4*cap(c.values.i32) + 24*cap(c.dense.refs) + 8*cap(c.dense.wide) + 4*cap(c.places)
}
