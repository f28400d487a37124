package format_test

import (
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/format"
)

type reading struct {
	Sensor string    `json:"sensor" csv:"sensor"`
	Value  float64   `json:"value" csv:"value"`
	At     time.Time `json:"at" csv:"at"`
}

func ExampleNewJSON() {
	f, err := format.NewJSON[reading](format.JSONOptions{})
	if err != nil {
		log.Fatal(err)
	}
	input := `{"sensor":"roof","value":21.5,"at":"2024-05-01T12:00:00Z","unknown":[1,2]}` + "\n" + `{"sensor":7}`
	r, err := f.NewReader(format.Input{Bytes: strings.NewReader(input), Path: "readings.json"})
	if err != nil {
		log.Fatal(err)
	}
	rows, err := r.Read(nil, 100)
	fmt.Println(rows[0].Sensor, rows[0].Value, rows[0].At)
	if err == nil {
		_, err = r.Read(nil, 100)
	}
	fmt.Println(err)
	// Output:
	// roof 21.5 2024-05-01 12:00:00 +0000 UTC
	// readings.json: record at byte 75, column 11, field sensor: cannot read 7 as string
}

func ExampleNewCSV() {
	f, err := format.NewCSV[reading](format.CSVOptions{Header: true})
	if err != nil {
		log.Fatal(err)
	}
	input := "at,sensor,value\n2024-05-01T12:00:00Z,\"roof, north\",21.5\n"
	r, err := f.NewReader(format.Input{Bytes: strings.NewReader(input), Path: "readings.csv"})
	if err != nil {
		log.Fatal(err)
	}
	rows, err := r.Read(nil, 100)
	if err != nil && err != io.EOF {
		log.Fatal(err)
	}
	out := f.Header(nil)
	for i := range rows {
		if out, err = f.Append(out, &rows[i]); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Print(string(out))
	// Output:
	// sensor,value,at
	// "roof, north",21.5,2024-05-01T12:00:00Z
}
