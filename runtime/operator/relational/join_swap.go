package relational

import (
	"errors"

	"github.com/leatproject/leat/storage/column"
)

// swapFactor is how many times larger the build side must be than the other, all of which has come, to change places with it.
const swapFactor = 2

// swap has the sides change places, if that pays: estimates were wrong. Nothing has been joined yet. It says whether they have.
func (j *HashJoin) swap() (bool, error) {
	build := j.build()
	if !j.Swaps || j.swapped || j.grace != nil || j.NullAware || j.loop || j.ended[build] || !j.ended[1-build] || j.held < swapFactor*j.waiting.bytes {
		return false, nil
	}
	j.swapped = true
	rows, err := newBatchQueue(j.ctx, j.output.types[build], j.pools[build])
	if err != nil {
		return false, err
	}
	for _, chunk := range j.rows.chunks {
		if err := rows.push(chunk); err != nil {
			return false, errors.Join(err, rows.close())
		}
	}
	j.giveUpRows()
	smaller := j.waiting
	j.waiting = rows
	j.BuildLeft = !j.BuildLeft
	j.probe.build = j.build()
	j.rows.types = j.output.types[j.build()]
	if err := j.take(smaller); err != nil {
		return false, errors.Join(err, smaller.close())
	}
	if err := smaller.close(); err != nil || j.grace != nil {
		return true, err
	}
	return true, j.makeTable()
}

// take makes rows of a queue the build side.
func (j *HashJoin) take(from *batchQueue) error {
	for {
		b, err := from.pop()
		if b == nil || err != nil {
			return err
		}
		if j.grace == nil {
			err = j.addBuild(b)
		} else {
			err = j.grace.add(j.build(), column.Vectors(b))
			b.Release()
		}
		if err != nil {
			return err
		}
	}
}
