package spill_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

func ExampleSorter() {
	tmp, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(tmp)
	dir, err := spill.OpenDir([]string{tmp}, spill.DirOptions{})
	if err != nil {
		panic(err)
	}
	defer dir.Close()
	codec, err := column.CodecOf[string]()
	if err != nil {
		panic(err)
	}
	memory := spill.NewMemory(64 << 20)
	sorter := spill.NewSorter(memory, dir, codec, spill.SortOptions[string]{
		Prefix: func(rows []string, out []uint64) {
			for i, r := range rows {
				out[i] = spill.StringPrefix(r)
			}
		},
		Compare: func(a, b *string) int { return strings.Compare(*a, *b) },
	})
	defer sorter.Close()
	if err := sorter.Add(column.BatchOf([]string{"waterwheel", "leat", "waterways", "mill"})); err != nil {
		panic(err)
	}
	rows, err := sorter.Sort(context.Background())
	if err != nil {
		panic(err)
	}
	for out := column.NewBatch[string](); ; {
		more, err := rows.Next(out)
		if err != nil {
			panic(err)
		}
		if !more {
			break
		}
		fmt.Println(column.Rows[string](out))
		column.SetRows(out, column.Rows[string](out)[:0])
	}
	// Output: [leat mill waterways waterwheel]
}

func ExampleQueue() {
	tmp, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(tmp)
	dir, err := spill.OpenDir([]string{tmp}, spill.DirOptions{Compress: true})
	if err != nil {
		panic(err)
	}
	defer dir.Close()
	codec, err := column.CodecOf[int64]()
	if err != nil {
		panic(err)
	}
	queue := spill.NewQueue(spill.NewMemory(64<<20), dir, codec, 1<<20)
	defer queue.Close()
	for i := range int64(3) {
		if err := queue.Push(column.BatchOf([]int64{i, i * i})); err != nil {
			panic(err)
		}
	}
	for {
		b, err := queue.Pop()
		if err != nil {
			panic(err)
		}
		if b == nil {
			break
		}
		fmt.Println(column.Rows[int64](b))
		b.Release()
	}
	// Output:
	// [0 0]
	// [1 1]
	// [2 4]
}
