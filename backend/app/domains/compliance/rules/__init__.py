"""Controls as pure functions over stored properties, and the decisions around them."""
