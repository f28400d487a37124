package catalog

import (
	"encoding/json"

	"github.com/leatproject/leat/client/sql/parser"
)

// storedColumn is how a column stands in a file: its type as SQL.
type storedColumn struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Expr     string `json:"expr,omitempty"`
	Metadata string `json:"metadata,omitempty"`
	Virtual  bool   `json:"virtual,omitempty"`
	Comment  string `json:"comment,omitempty"`
}

// MarshalJSON writes the type as SQL.
func (c Column) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedColumn{c.Name, c.Type.String(), c.Expr, c.Metadata, c.Virtual, c.Comment})
}

// UnmarshalJSON reads the type as SQL.
func (c *Column) UnmarshalJSON(data []byte) error {
	var s storedColumn
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	t, err := parser.ParseType(s.Type)
	*c = Column{Name: s.Name, Type: t, Expr: s.Expr, Metadata: s.Metadata, Virtual: s.Virtual, Comment: s.Comment}
	return err
}
