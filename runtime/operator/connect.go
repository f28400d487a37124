package operator

// CoMapFunction makes one record of one record of either stream.
type CoMapFunction[A, B, O any] interface {
	Map1(ctx *FunctionContext, v A) (O, error)
	Map2(ctx *FunctionContext, v B) (O, error)
}

// CoFlatMapFunction makes any number of records of one record of either stream.
type CoFlatMapFunction[A, B, O any] interface {
	FlatMap1(ctx *FunctionContext, v A, out *Collector[O]) error
	FlatMap2(ctx *FunctionContext, v B, out *Collector[O]) error
}

// CoProcessFuncs is a CoProcessFunction of two plain functions.
type CoProcessFuncs[A, B, O any] struct {
	First  func(ctx *FunctionContext, v A, out *Collector[O]) error
	Second func(ctx *FunctionContext, v B, out *Collector[O]) error
}

// ProcessElement1 implements CoProcessFunction.
func (f CoProcessFuncs[A, B, O]) ProcessElement1(ctx *FunctionContext, v A, out *Collector[O]) error {
	return f.First(ctx, v, out)
}

// ProcessElement2 implements CoProcessFunction.
func (f CoProcessFuncs[A, B, O]) ProcessElement2(ctx *FunctionContext, v B, out *Collector[O]) error {
	return f.Second(ctx, v, out)
}

// KeyedCoProcessFuncs is a KeyedCoProcessFunction of two plain functions.
type KeyedCoProcessFuncs[K comparable, A, B, O any] struct {
	First  func(ctx *KeyedContext[K], v A, out *Collector[O]) error
	Second func(ctx *KeyedContext[K], v B, out *Collector[O]) error
}

// ProcessElement1 implements KeyedCoProcessFunction.
func (f KeyedCoProcessFuncs[K, A, B, O]) ProcessElement1(ctx *KeyedContext[K], v A, out *Collector[O]) error {
	return f.First(ctx, v, out)
}

// ProcessElement2 implements KeyedCoProcessFunction.
func (f KeyedCoProcessFuncs[K, A, B, O]) ProcessElement2(ctx *KeyedContext[K], v B, out *Collector[O]) error {
	return f.Second(ctx, v, out)
}

// lifecycle hands Open and Close on to the function that an adapter stands for.
type lifecycle struct{ function any }

// Open implements Opener.
func (l lifecycle) Open(ctx *FunctionContext) error {
	if o, ok := l.function.(Opener); ok {
		return o.Open(ctx)
	}
	return nil
}

// Close implements Closer.
func (l lifecycle) Close() error { return closeFunction(l.function) }

// CoMap returns f as a CoProcessFunction.
func CoMap[A, B, O any](f CoMapFunction[A, B, O]) CoProcessFunction[A, B, O] {
	return coMap[A, B, O]{lifecycle{f}, f}
}

type coMap[A, B, O any] struct {
	lifecycle
	f CoMapFunction[A, B, O]
}

func (m coMap[A, B, O]) ProcessElement1(ctx *FunctionContext, v A, out *Collector[O]) error {
	o, err := m.f.Map1(ctx, v)
	if err == nil {
		out.Collect(o)
	}
	return err
}

func (m coMap[A, B, O]) ProcessElement2(ctx *FunctionContext, v B, out *Collector[O]) error {
	o, err := m.f.Map2(ctx, v)
	if err == nil {
		out.Collect(o)
	}
	return err
}

// CoFlatMap returns f as a CoProcessFunction.
func CoFlatMap[A, B, O any](f CoFlatMapFunction[A, B, O]) CoProcessFunction[A, B, O] {
	return coFlatMap[A, B, O]{lifecycle{f}, f}
}

type coFlatMap[A, B, O any] struct {
	lifecycle
	f CoFlatMapFunction[A, B, O]
}

func (m coFlatMap[A, B, O]) ProcessElement1(ctx *FunctionContext, v A, out *Collector[O]) error {
	return m.f.FlatMap1(ctx, v, out)
}

func (m coFlatMap[A, B, O]) ProcessElement2(ctx *FunctionContext, v B, out *Collector[O]) error {
	return m.f.FlatMap2(ctx, v, out)
}

// OnKeys returns f, which does not ask for the key, as a function on keyed streams, where it has keyed state.
func OnKeys[K comparable, A, B, O any](f CoProcessFunction[A, B, O]) KeyedCoProcessFunction[K, A, B, O] {
	return onKeys[K, A, B, O]{lifecycle{f}, f}
}

type onKeys[K comparable, A, B, O any] struct {
	lifecycle
	f CoProcessFunction[A, B, O]
}

func (m onKeys[K, A, B, O]) ProcessElement1(ctx *KeyedContext[K], v A, out *Collector[O]) error {
	return m.f.ProcessElement1(ctx.FunctionContext, v, out)
}

func (m onKeys[K, A, B, O]) ProcessElement2(ctx *KeyedContext[K], v B, out *Collector[O]) error {
	return m.f.ProcessElement2(ctx.FunctionContext, v, out)
}

// CoMapFuncs is a CoMapFunction of two plain functions.
type CoMapFuncs[A, B, O any] struct {
	First  func(ctx *FunctionContext, v A) (O, error)
	Second func(ctx *FunctionContext, v B) (O, error)
}

// Map1 implements CoMapFunction.
func (f CoMapFuncs[A, B, O]) Map1(ctx *FunctionContext, v A) (O, error) { return f.First(ctx, v) }

// Map2 implements CoMapFunction.
func (f CoMapFuncs[A, B, O]) Map2(ctx *FunctionContext, v B) (O, error) { return f.Second(ctx, v) }
