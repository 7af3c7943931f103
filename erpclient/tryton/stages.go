package tryton

import (
	"context"

	"snowgate/erpclient"
)

// Stages tells how much of a line has come how far: planned for production, its materials reserved, begun, made, shipped.
// Each stage counts what is beyond it, too. What is bought, not made, is only shipped.
func (d *Driver) Stages(ctx context.Context, a erpclient.Auth, m erpclient.Material) ([]erpclient.ProgressStage, error) {
	if d.Lacks(erpclient.CapabilityProgress) {
		return nil, erpclient.Errorf(opStages, erpclient.KindNotSupported, "productions are not configured")
	}
	n, ok := recordID(m.ID)
	if !ok {
		return nil, erpclient.Errorf(opStages, erpclient.KindNotFound, "no such line")
	}
	c, err := d.on(ctx, a.Session, opStages)
	if err != nil {
		return nil, err
	}
	found, err := c.one(ctx, query{
		model: lineModel, where: domain{is("id", n)}.narrowed(a.Scope, "sale.party"), fields: c.flowFields(),
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, erpclient.Errorf(opStages, erpclient.KindNotFound, "no such line")
	}
	return stagesOf(flowOf(*found)), nil
}

func stagesOf(f flow) []erpclient.ProgressStage {
	stages := []erpclient.ProgressStage{}
	add := func(name string, quantity erpclient.Decimal) {
		whole := f.quantity.Float()
		stages = append(stages, erpclient.ProgressStage{Name: name, Quantity: quantity, Done: whole > 0 && quantity.Float() >= whole})
	}
	if f.made {
		add("planned", f.planned)
		add("materials_reserved", f.reserved)
		add("producing", f.begun)
		add("produced", f.produced)
	}
	if f.goods {
		add("shipped", f.shipped)
	}
	return stages
}
