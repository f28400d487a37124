package column_test

import (
	"fmt"

	"github.com/leatproject/leat/storage/column"
)

type Order struct {
	ID    int64
	Items []string `leat:"items"`
	Cache *int     `leat:"-"`
}

func ExampleCodec() {
	codec, err := column.CodecOf[Order]()
	if err != nil {
		panic(err)
	}
	block := codec.AppendBatch(nil, []Order{{ID: 1, Items: []string{"flour", "bran"}}, {ID: 2}})
	rows, err := codec.DecodeBatch(block, nil)
	fmt.Println(rows[0].Items, len(rows), err)
	fmt.Println(codec.Schema())
	// Output:
	// [flour bran] 2 <nil>
	// struct<ID int64, items list<string>>
}

func ExampleCodecOf_refused() {
	type Invoice struct{ Lines []struct{ Done chan int } }
	_, err := column.CodecOf[Invoice]()
	fmt.Println(err)
	// Output:
	// column_test.Invoice.Lines[].Done: chan int cannot be encoded: it is not data; leave the field out with the tag leat:"-", or give its type a codec with RegisterCodec
}
