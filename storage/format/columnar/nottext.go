package columnar

import (
	"bytes"
	"fmt"

	"github.com/leatproject/leat/storage/format"
)

// others are the beginnings of files that are not text, and that no text has, with what to do about them.
var others = []struct{ mark, is, remedy string }{
	{"PAR1\x15", "a Parquet file", "let its name end in .parquet, or the option 'format' be 'parquet'"},
	{"Obj\x01", "an Avro file", "let its name end in .avro, or the option 'format' be 'avro'"},
	{"ARROW1\x00\x00", "an Arrow file", "let its name end in .arrow, or the option 'format' be 'arrow'"},
	{"\xff\xfe", "in UTF-16", "convert it to UTF-8: iconv -f UTF-16 -t UTF-8"},
	{"\xfe\xff", "in UTF-16", "convert it to UTF-8: iconv -f UTF-16 -t UTF-8"},
}

// NotText says what a file is that should be text, by its beginning; nil if it may be text.
func NotText(head []byte) error {
	if c := format.CompressionBy(head); c != format.None {
		return fmt.Errorf("it is compressed, which its name does not say; let the name end in %s", c)
	}
	for _, o := range others {
		if bytes.HasPrefix(head, []byte(o.mark)) {
			return fmt.Errorf("it is %s, not text as its name or 'format' says; %s", o.is, o.remedy)
		}
	}
	return nil
}
