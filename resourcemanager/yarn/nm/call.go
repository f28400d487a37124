package nm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
)

// call calls the NodeManager of a container. A login that fails is tried once more if there is a newer token.
func (n *Nodes) call(ctx context.Context, c *wire.Container, method string, request, answer proto.Message, failures func() []*wire.ContainerException) error {
	node := c.GetNodeId()
	client, err := n.client(node)
	if err != nil {
		return err
	}
	used := n.opt.Token(node)
	if used == nil {
		return fmt.Errorf("%w %s", ErrNoToken, node.Text())
	}
	err = client.Call(ctx, method, request, answer)
	if errors.Is(err, ipc.ErrLogin) && n.opt.Token(node) != used {
		err = client.Call(ctx, method, request, answer)
	}
	if err != nil {
		return err
	}
	for _, f := range failures() {
		return refusal(method, node, f.GetException())
	}
	return nil
}

// refusal is an exception about one container, in an answer that is no exception.
func refusal(method string, node *wire.NodeId, e *wire.SerializedException) error {
	for e.GetCause() != nil && e.GetMessage() == "" {
		e = e.GetCause()
	}
	return &ipc.RemoteException{
		Method: method, Server: node.Text(), Class: e.GetClassName(), Message: strings.Join(strings.Fields(e.GetMessage()), " "), Stack: e.GetTrace(),
	}
}

// client returns the client of a NodeManager.
func (n *Nodes) client(node *wire.NodeId) (*ipc.Client, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	address := node.Text()
	if c, ok := n.nodes[address]; ok {
		return c, nil
	}
	o := n.rpc
	o.Addresses = []string{address}
	o.Login.Token = func() *credentials.Token { return n.opt.Token(node) }
	c, err := ipc.New(o)
	if err != nil {
		return nil, err
	}
	n.nodes[address] = c
	if n.closed {
		c.Close()
	}
	return c, nil
}
