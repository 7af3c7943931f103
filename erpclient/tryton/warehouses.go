package tryton

import (
	"context"

	"snowgate/erpclient"
)

// place is a warehouse with the locations that matter here: where its goods lie, and where what is counted too much or
// too little comes from and goes to.
type place struct {
	erpclient.Warehouse
	number, storage, lostFound int64
	code                       string
}

// Warehouses lists all of them.
func (d *Driver) Warehouses(ctx context.Context, a erpclient.Auth) ([]erpclient.Warehouse, error) {
	c, err := d.on(ctx, a.Session, opWarehouses)
	if err != nil {
		return nil, err
	}
	places, err := c.places(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]erpclient.Warehouse, 0, len(places))
	for _, p := range places {
		list = append(list, p.Warehouse)
	}
	return list, nil
}

func (c *caller) places(ctx context.Context) ([]place, error) {
	rows, err := c.rows(ctx, query{
		model: "stock.location", where: domain{is("type", "warehouse")}, order: []any{by("id", "ASC")},
		fields: []string{"name", "code", "storage_location", "lost_found_location"}, limit: maxPageSize,
	})
	if err != nil {
		return nil, err
	}
	places := make([]place, 0, len(rows))
	for _, r := range rows {
		places = append(places, place{
			Warehouse: erpclient.Warehouse{ID: r.id("id"), Name: r.text("name")}, number: r.number("id"), code: r.text("code"),
			storage: r.number("storage_location"), lostFound: r.number("lost_found_location"),
		})
	}
	return places, nil
}

// placeOf is the warehouse with an id; false where there is none.
func placeOf(places []place, id string) (place, bool) {
	for _, p := range places {
		if p.ID == id {
			return p, true
		}
	}
	return place{}, false
}

// within has quantities counted in the warehouses' storage: not what is still to be put away, nor what is packed for
// somebody. Without locations every quantity is 0, without a word; without with_childs so is that of more than one
// location. Until which day is left out: then Tryton counts to its own today, and no further.
func within(places []place) map[string]any {
	locations := make([]int64, 0, len(places))
	for _, p := range places {
		locations = append(locations, p.storage)
	}
	return map[string]any{"locations": locations, "with_childs": true}
}
