package ipc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/ipc/ipctest"
	"github.com/leatproject/leat/storage/hadoop/sasl"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network dials servers by name; a name that is missing refuses.
type network map[string]*ipctest.Server

func (n network) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	s, ok := n[address]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: kind, Err: syscall.ECONNREFUSED}
	}
	return s.Dial(ctx, kind, address)
}

func (n network) client(t *testing.T, login ipc.Login, addresses ...string) *ipc.Client {
	t.Helper()
	if login.User == "" {
		login.User = "alice"
	}
	c, err := ipc.New(ipc.Options{
		Service: "NameNode", Protocol: "p", Addresses: addresses, Login: login, Dial: n.dial, CallerContext: "leat_test",
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// echo answers a Stat by a status with the same path.
func echo(c *ipctest.Call) ipctest.Answer {
	request := &wire.GetFileInfoRequest{}
	if err := proto.Unmarshal(c.Request, request); err != nil {
		panic(err)
	}
	return ipctest.Answer{Message: &wire.GetFileInfoResponse{Fs: &wire.FileStatus{
		FileType: proto.Int32(2), Path: []byte(request.GetSrc()), Length: proto.Uint64(0), Owner: proto.String(c.User + c.Token + c.Context),
	}}}
}

func stat(ctx context.Context, c *ipc.Client, path string, options ...ipc.Option) (*wire.FileStatus, error) {
	answer := &wire.GetFileInfoResponse{}
	err := c.Call(ctx, "getFileInfo", &wire.GetFileInfoRequest{Src: &path}, answer, options...)
	return answer.GetFs(), err
}

func throw(class, text string) func(*ipctest.Call) ipctest.Answer {
	return func(*ipctest.Call) ipctest.Answer { return ipctest.Answer{Exception: class, Text: text} }
}

func TestCallsShareAConnection(t *testing.T) {
	var wait sync.WaitGroup
	wait.Add(20)
	s := &ipctest.Server{Handle: func(c *ipctest.Call) ipctest.Answer { // answers when all calls are there, in any order
		wait.Done()
		wait.Wait()
		return echo(c)
	}}
	c := network{"nn:1": s}.client(t, ipc.Login{}, "nn:1")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			status, err := stat(t.Context(), c, fmt.Sprint("/", i))
			if err != nil || string(status.GetPath()) != fmt.Sprint("/", i) {
				t.Errorf("%d: %v %v", i, status, err)
			}
			if status.GetOwner() != "aliceleat_test" {
				t.Errorf("owner %s", status.GetOwner())
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, s.Connections())
}

// An answer that nobody waits for is no fault, and what is fatal for one call is none for the others on its connection.
func TestAnswersOfOthers(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	s := &ipctest.Server{Handle: func(c *ipctest.Call) ipctest.Answer {
		if c.Retry == 0 {
			both.Done()
			both.Wait()
		}
		if c.Method == "bad" {
			c.Conn.Write(ipctest.Frame(ipctest.Success(999), &wire.RenameResponse{})) // nothing comes of its error
			return ipctest.Answer{Exception: "org.apache.hadoop.ipc.RpcServerException", Text: "bad request", Fatal: true}
		}
		if c.Retry == 0 {
			return ipctest.Answer{Silence: true}
		}
		return echo(c)
	}}
	c := network{"nn:1": s}.client(t, ipc.Login{}, "nn:1")
	bad := make(chan error, 1)
	ctx := t.Context()
	go func() { bad <- c.Call(ctx, "bad", &wire.RenameResponse{}, &wire.RenameResponse{}) }()
	_, err := stat(ctx, c, "/")
	require.NoError(t, err)
	require.EqualError(t, <-bad, "bad of nn:1: RpcServerException: bad request")
	require.Equal(t, 2, s.Connections())
}

func TestToken(t *testing.T) {
	tokens := map[string][]byte{"id": []byte("secret")}
	token := func(password string) ipc.Login {
		return ipc.Login{Token: func() *ipc.Token {
			return &credentials.Token{Identifier: []byte("id"), Password: []byte(password)}
		}}
	}
	long := "/" + strings.Repeat("x", 200_000) // more than one wrapped message
	for _, tc := range []struct {
		offer   []sasl.QOP
		ciphers []string
	}{
		{[]sasl.QOP{sasl.Auth}, nil},
		{[]sasl.QOP{sasl.Auth, sasl.AuthInt}, nil},
		{[]sasl.QOP{sasl.AuthConf}, []string{"rc4", "3des"}},
		{[]sasl.QOP{sasl.AuthConf}, []string{"3des", "des"}},
		{[]sasl.QOP{sasl.AuthConf}, []string{"rc4-56", "rc4-40"}},
		{[]sasl.QOP{sasl.AuthConf}, []string{"rc4-40"}},
	} {
		t.Run(fmt.Sprint(tc.offer, tc.ciphers), func(t *testing.T) {
			s := &ipctest.Server{Handle: echo, Tokens: tokens, Offer: tc.offer, Ciphers: tc.ciphers}
			login := token("secret")
			login.Protection = []sasl.QOP{sasl.AuthConf, sasl.AuthInt, sasl.Auth}
			c := network{"nn:1": s}.client(t, login, "nn:1")
			for _, path := range []string{"/a", long, "/b"} {
				status, err := stat(t.Context(), c, path)
				require.NoError(t, err)
				require.Equal(t, path, string(status.GetPath()))
				require.Equal(t, "idleat_test", status.GetOwner(), "the token's owner, and no claim")
			}
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		s := &ipctest.Server{Handle: echo, Tokens: tokens}
		_, err := stat(t.Context(), network{"nn:1": s}.client(t, token("wrong"), "nn:1"), "/")
		require.ErrorIs(t, err, ipc.ErrLogin)
		require.ErrorIs(t, err, ipc.SaslException)
	})
	t.Run("unknown token", func(t *testing.T) {
		s := &ipctest.Server{Handle: echo, Tokens: map[string][]byte{}}
		_, err := stat(t.Context(), network{"nn:1": s}.client(t, token("secret"), "nn:1"), "/")
		require.ErrorIs(t, err, ipc.ErrLogin)
		require.ErrorIs(t, err, ipc.InvalidToken)
		require.ErrorContains(t, err, "get a new one")
	})
	t.Run("server without the key", func(t *testing.T) {
		s := &ipctest.Server{Handle: echo, Tokens: tokens, Offer: []sasl.QOP{sasl.Auth}}
		login := token("secret")
		login.Protection = []sasl.QOP{sasl.AuthConf}
		_, err := stat(t.Context(), network{"nn:1": s}.client(t, login, "nn:1"), "/")
		require.ErrorIs(t, err, ipc.ErrLogin)
		require.ErrorContains(t, err, "[auth], this side accepts [auth-conf]")
	})
	t.Run("no token", func(t *testing.T) {
		s := &ipctest.Server{Handle: echo, Tokens: tokens}
		_, err := stat(t.Context(), network{"nn:1": s}.client(t, ipc.Login{}, "nn:1"), "/")
		require.ErrorIs(t, err, ipc.ErrLogin)
		require.ErrorIs(t, err, ipc.AccessControlException)
		require.ErrorContains(t, err, "the cluster is secured: set HADOOP_CONF_DIR")
	})
	t.Run("token on a cluster that is not secured", func(t *testing.T) {
		status, err := stat(t.Context(), network{"nn:1": {Handle: echo}}.client(t, token("secret"), "nn:1"), "/")
		require.NoError(t, err)
		require.Equal(t, "aliceleat_test", status.GetOwner())
	})
}

func TestFailover(t *testing.T) {
	standby := throw("org.apache.hadoop.ipc.StandbyException", "Operation category READ is not supported in state standby")
	synctest.Test(t, func(t *testing.T) {
		first, second := &ipctest.Server{Handle: standby}, &ipctest.Server{Handle: echo}
		c := network{"nn:1": first, "nn:2": second}.client(t, ipc.Login{}, "nn:1", "nn:2")
		begin := time.Now()
		for range 3 {
			_, err := stat(t.Context(), c, "/")
			require.NoError(t, err)
		}
		require.Zero(t, time.Since(begin), "the other is asked at once")
		require.Equal(t, 1, first.Connections(), "and the active one is remembered")
	})
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_, err := stat(t.Context(), network{"nn:1": {Handle: standby}, "nn:2": {Handle: standby}}.client(t, ipc.Login{}, "nn:1", "nn:2"), "/")
		require.ErrorIs(t, err, ipc.StandbyException)
		require.Less(t, time.Since(begin), 15*time.Second)
		require.Greater(t, time.Since(begin), 12*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_, err := stat(t.Context(), network{}.client(t, ipc.Login{}, "nn:1", "nn:2"), "/")
		require.ErrorIs(t, err, ipc.ErrUnreachable)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		require.ErrorContains(t, err, "NameNode nn:1, nn:2 unreachable for")
		require.Less(t, time.Since(begin), 3*time.Second, "nobody has ever answered")
	})
}

func TestRetry(t *testing.T) {
	busy := func(times int, class string) func(*ipctest.Call) ipctest.Answer {
		return func(c *ipctest.Call) ipctest.Answer {
			if int(c.Retry) < times {
				return ipctest.Answer{Exception: class, Text: "wait\n\tat java"}
			}
			return echo(c)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		_, err := stat(t.Context(), network{"nn:1": {Handle: busy(5, "org.apache.hadoop.ipc.RetriableException")}}.client(t, ipc.Login{}, "nn:1"), "/")
		require.NoError(t, err)
	})
	synctest.Test(t, func(t *testing.T) {
		c := network{"nn:1": {Handle: busy(1, "java.io.FileNotFoundException")}}.client(t, ipc.Login{}, "nn:1")
		_, err := stat(t.Context(), c, "/")
		require.ErrorIs(t, err, ipc.FileNotFoundException)
		require.EqualError(t, err, "getFileInfo of nn:1: FileNotFoundException: wait")
		var remote *ipc.RemoteException
		require.ErrorAs(t, err, &remote)
		require.Equal(t, "\tat java", remote.Stack)
	})
}

// A call whose answer is lost comes again with the same id, unless it must not.
func TestLostAnswer(t *testing.T) {
	type id struct {
		client string
		call   int32
	}
	for _, fault := range []ipctest.Answer{{HangUp: true}, {Raw: []byte{0, 0, 0, 9, 1}, HangUp: true}, {Raw: []byte{255, 255, 255, 255, 1}}, {Raw: []byte("HTTP/1.1 404 Not Found")}, {Raw: []byte{0, 0, 0, 2, 200, 1}}} {
		synctest.Test(t, func(t *testing.T) {
			seen := map[id]int{}
			var mu sync.Mutex
			s := &ipctest.Server{Handle: func(c *ipctest.Call) ipctest.Answer {
				mu.Lock()
				defer mu.Unlock()
				seen[id{c.ClientID, c.ID}]++
				if c.Retry == 0 {
					return fault
				}
				return echo(c)
			}}
			c := network{"nn:1": s}.client(t, ipc.Login{}, "nn:1")
			_, err := stat(t.Context(), c, "/")
			require.NoError(t, err)
			require.Len(t, seen, 1)
			_, err = stat(t.Context(), c, "/", ipc.Once)
			require.ErrorIs(t, err, ipc.ErrAnswerLost)
			require.Len(t, seen, 2)
		})
	}
}

func TestSilentServer(t *testing.T) {
	silent := func(*ipctest.Call) ipctest.Answer { return ipctest.Answer{Silence: true} }
	synctest.Test(t, func(t *testing.T) {
		s := &ipctest.Server{Handle: silent}
		begin := time.Now()
		_, err := stat(t.Context(), network{"nn:1": s}.client(t, ipc.Login{}, "nn:1"), "/")
		require.ErrorIs(t, err, ipc.ErrUnreachable)
		require.ErrorContains(t, err, "no answer in time")
		require.LessOrEqual(t, time.Since(begin), 61*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		c := network{"nn:1": {Handle: silent}}.client(t, ipc.Login{}, "nn:1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := stat(ctx, c, "/")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ipc.ErrAnswerLost)
	})
	synctest.Test(t, func(t *testing.T) { // one of two hangs
		c := network{"nn:1": {Handle: silent}, "nn:2": {Handle: echo}}.client(t, ipc.Login{}, "nn:1", "nn:2")
		for _, most := range []time.Duration{time.Minute, 0} {
			begin := time.Now()
			_, err := stat(t.Context(), c, "/")
			require.NoError(t, err)
			require.LessOrEqual(t, time.Since(begin), most)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the handshake hangs
		c, err := ipc.New(ipc.Options{Service: "NameNode", Addresses: []string{"nn:1"}, Login: ipc.Login{User: "alice", Token: func() *ipc.Token { return &ipc.Token{} }},
			Dial: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go io.Copy(io.Discard, server)
				return client, nil
			}})
		require.NoError(t, err)
		begin := time.Now()
		_, err = stat(t.Context(), c, "/")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ipc.ErrUnreachable)
		require.LessOrEqual(t, time.Since(begin), 6*time.Second)
	})
}

func TestPingAndIdleClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &ipctest.Server{Handle: func(c *ipctest.Call) ipctest.Answer {
			time.Sleep(59 * time.Second) // of the bubble's clock
			return echo(c)
		}}
		c, err := ipc.New(ipc.Options{Service: "NameNode", Addresses: []string{"nn:1"}, Dial: s.Dial, PingInterval: 10 * time.Second})
		require.NoError(t, err)
		_, err = stat(t.Context(), c, "/")
		require.NoError(t, err)
		require.GreaterOrEqual(t, s.Pings(), 3)
		time.Sleep(time.Minute)
		require.Equal(t, 1, s.Connections())
		_, err = stat(t.Context(), c, "/")
		require.NoError(t, err)
		require.Equal(t, 2, s.Connections(), "the first was idle")
		c.Close()
		_, err = stat(t.Context(), c, "/")
		require.ErrorContains(t, err, "the client is closed")
	})
}

func TestRefusedConnection(t *testing.T) {
	s := &ipctest.Server{Handle: echo, Refuse: "org.apache.hadoop.security.authorize.AuthorizationException"}
	_, err := stat(t.Context(), network{"nn:1": s}.client(t, ipc.Login{}, "nn:1"), "/")
	require.ErrorIs(t, err, ipc.AuthorizationException)
}

func TestAddresses(t *testing.T) {
	_, err := ipc.New(ipc.Options{Service: "NameNode"})
	require.ErrorContains(t, err, "no address")
	_, err = ipc.New(ipc.Options{Service: "NameNode", Addresses: []string{"nn"}})
	require.ErrorContains(t, err, "write host:port")
	require.False(t, errors.Is(err, ipc.ErrUnreachable))
}
