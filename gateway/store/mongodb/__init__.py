"""The store on MongoDB and servers that speak its protocol: safe by unique ids alone."""
