package datastream

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/storage/column"
)

// Once returns what f returns in the driver, in every process that runs main(): f is evaluated once, before the job is
// submitted, and its value goes with the graph to the workers and to a driver that is run again. Whatever may vary between runs
// of main() and shapes the program goes through it: the time, a random number, a listing, an answer of a service.
//
//	start := datastream.Once(env, "start", time.Now)
//
// The value belongs to the next Execute, where no other may have its name; it may be used after that too. It takes part in the
// graph's fingerprint. T must be encodable, as the type of a stream. Mistakes are reported by Execute. Once is for main():
// called by a function of a running job, it fails the task.
func Once[T any](env *Environment, name string, f func() T) T {
	if env.executing.Load() {
		panic(fmt.Errorf("datastream.Once(%q) was called while the job runs: call it in main, before Execute, and let the function use its value", name))
	}
	codec, err := column.CodecOf[T]()
	if err != nil {
		env.fail(fmt.Errorf("once %q: %w", name, err))
		return f()
	}
	encoded, err := thisApplication.evaluate(env, name, func() (b []byte, err error) {
		defer func() {
			if e, ok := recover().(*column.EncodeError); ok {
				err = e
			}
		}()
		return codec.AppendBatch(nil, []T{f()}), nil
	})
	var rows []T
	if encoded != nil {
		var wrong error
		rows, wrong = codec.DecodeBatch(encoded, nil)
		err = errors.Join(err, wrong)
	}
	if err != nil {
		env.fail(fmt.Errorf("once %q: %w", name, err))
	}
	if len(rows) == 0 {
		var none T
		return none
	}
	return rows[0]
}

// evaluate returns the value of that name that belongs to the next Execute: the submitted one in a worker, else f's.
func (a *application) evaluate(env *Environment, name string, f func() ([]byte, error)) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := fmt.Sprint(a.begun, "/", name)
	if b, ok := a.once[key]; ok {
		return b, errors.New("there is another of this name before the same Execute: give each value a name of its own")
	}
	b, err := a.valueOf(env, key, f)
	if err == nil {
		a.once[key] = b
	}
	return b, err
}

func (a *application) valueOf(env *Environment, key string, f func() ([]byte, error)) ([]byte, error) {
	w := worker.Started()
	if w == nil {
		return a.kept(env.ctx, env.conf, "once/"+key, f)
	}
	s, err := w.Submission()
	if err != nil {
		return nil, err
	}
	b, ok := s.GetOnce()[key]
	if !ok {
		return nil, errors.New("the driver has not evaluated it before this Execute: main must do the same whenever it runs")
	}
	return b, nil
}

// OnClient calls f at once, but only in the driver: side effects of main(), such as making a table, removing a folder or telling
// somebody, go through it, because main() runs again in the workers. It does nothing in workers and in leat info. Its error is
// also reported by the next Execute, which submits nothing then. f's context is that of WithContext.
//
// A driver that is run again, after a crash or under another JobManager, skips what had returned without an error; f is called
// again if the driver ended before that was noted.
func (e *Environment) OnClient(f func(ctx context.Context) error) error {
	if worker.Started() != nil || os.Getenv(config.InfoVariable) != "" {
		return nil
	}
	if err := thisApplication.effect(e, f); err != nil {
		e.fail(fmt.Errorf("on the client: %w", err))
		return err
	}
	return nil
}

// effect has f called unless an earlier run of the driver has.
func (a *application) effect(env *Environment, f func(context.Context) error) error {
	a.mu.Lock()
	key := fmt.Sprint("client/", a.begun, "/", a.effects)
	a.effects++
	a.mu.Unlock()
	_, err := a.kept(env.ctx, env.conf, key, func() ([]byte, error) { return []byte{1}, f(env.ctx) })
	return err
}
