package filesystem

import (
	"slices"

	"github.com/leatproject/leat/storage/format/columnar/parquet"
)

// rows are those of a row group that filters leave, as far as the file's page index tells; nil: all.
func (d *parquetDecoder) rows(p *parquet.File, group int) ([]parquet.Range, error) {
	kept := []parquet.Range{{To: p.GroupRows(group)}}
	for column, f := range d.fields {
		if !slices.ContainsFunc(d.filters, func(f Filter) bool { return f.Column == column }) {
			continue
		}
		pages, err := p.Pages(group, f.Name, f.Type)
		if err != nil {
			return nil, err
		}
		if pages != nil {
			kept = intersect(kept, d.pagesLeft(column, pages))
		}
	}
	if len(kept) == 1 && kept[0].To-kept[0].From == p.GroupRows(group) {
		return nil, nil
	}
	return kept, nil
}

// pagesLeft are the rows of the pages of a column that the filters on it do not exclude.
func (d *parquetDecoder) pagesLeft(column int, pages []parquet.Page) []parquet.Range {
	left := []parquet.Range{}
	for _, page := range pages {
		b := bounds{min: page.Least, max: page.Greatest, nulls: page.Nulls, rows: page.To - page.From}
		if slices.ContainsFunc(d.filters, func(f Filter) bool { return f.Column == column && f.excludes(b) }) {
			continue
		}
		if last := len(left) - 1; last >= 0 && left[last].To == page.From {
			left[last].To = page.To
		} else {
			left = append(left, page.Range)
		}
	}
	return left
}

// intersect are the rows that are in both; ranges ascend.
func intersect(a, b []parquet.Range) []parquet.Range {
	both := []parquet.Range{}
	for len(a) > 0 && len(b) > 0 {
		if r := (parquet.Range{From: max(a[0].From, b[0].From), To: min(a[0].To, b[0].To)}); r.From < r.To {
			both = append(both, r)
		}
		if a[0].To < b[0].To {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return both
}
